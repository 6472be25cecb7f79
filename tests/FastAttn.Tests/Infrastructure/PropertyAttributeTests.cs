using FsCheck;
using FsCheck.Fluent;

namespace FastAttn.Tests.Infrastructure;

/// <summary>Properties run as many cases as this assembly asks for, and take generators from the named types.</summary>
public sealed class PropertyAttributeTests : IClassFixture<PropertyAttributeTests.Counter>
{
    private readonly Counter _counter;

    public PropertyAttributeTests(Counter counter) => _counter = counter;

    [Property(Arbitrary = [typeof(EvenNumbers)])]
    public void ArbitrariesAreUsed(int even) => Assert.Equal(0, even % 2);

    [Property]
    public void EveryPropertyRunsTwoHundredCases(int _) => _counter.Cases++;

    public sealed class Counter : IDisposable
    {
        public int Cases { get; set; }

        /// <summary>Runs after the last case; xunit reports what it throws as a failed run of the class.</summary>
        public void Dispose() => Assert.True(Cases >= 200, $"only {Cases} cases ran");
    }

    public static class EvenNumbers
    {
        public static Arbitrary<int> Even() => ArbMap.Default.ArbFor<int>().Convert(number => number * 2, number => number / 2);
    }
}
